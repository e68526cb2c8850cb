"""Models of how often people buy and when they stop, one file a model."""
