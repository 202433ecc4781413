"""The atlas: the closed form of the base model of every model type of transformers, or the reason there is none."""
