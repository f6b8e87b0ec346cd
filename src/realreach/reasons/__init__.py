"""Why a creator got this score: coded reasons that add up to it, each with the value and that of similar creators."""
