"""Eyes to steer by: instruments that turn images into the readings delivery needs."""
