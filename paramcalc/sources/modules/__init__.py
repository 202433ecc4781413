"""Trees of live torch modules, of what code builds, and of configs."""
