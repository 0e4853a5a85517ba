"""Robustness: a plan delivered to many possible patients, as bands with a ranking of what spreads them."""
