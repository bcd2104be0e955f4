"""Populations sampled: well-mixed, on networks, over grids of parameters."""
