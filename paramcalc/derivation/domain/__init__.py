"""For which sizes a form holds, and why not for others."""
