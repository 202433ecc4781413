"""From models that were built at points to the one tree that predicts all others. No torch in it."""
