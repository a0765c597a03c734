"""An official checkpoint directory, checked and read, with a LoRA adapter merged into it if there is one."""
