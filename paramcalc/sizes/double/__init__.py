"""Numbers that code computes in IEEE double precision: small programs, as text, and for many sizes at once."""
