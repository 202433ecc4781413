"""What parameter counters say of tricky models, against the truth: the page docs/counters.md."""
