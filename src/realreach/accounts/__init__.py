"""Accounts of an audience below the features: the account model as plain numbers, applied."""
