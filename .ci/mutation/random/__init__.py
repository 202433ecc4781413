"""Random mistakes: a seeded sample of small changes to the syntax, and the tests that run the lines they are in."""
