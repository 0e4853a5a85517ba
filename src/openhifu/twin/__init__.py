"""A simulated patient and machine behind the delivery protocols: what rehearsal, tests and training run on."""
