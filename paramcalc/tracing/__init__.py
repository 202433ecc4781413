"""The torch half of deriving a form: integers that remember how they were made, through one build."""
