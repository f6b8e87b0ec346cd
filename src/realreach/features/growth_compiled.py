def measured_by_kernels(curve, as_of):
    raise NotImplementedError
