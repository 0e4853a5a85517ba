"""Heat in, temperature and thermal dose out, stepwise: bioheat solvers, CEM43, whole treatments, closed forms.

Modules are imported by name; those that step (``pennes``, ``dose``) load compiled kernels.
"""
