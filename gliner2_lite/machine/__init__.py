"""What this machine has and what this process may take of it: processors, memory, control groups."""
