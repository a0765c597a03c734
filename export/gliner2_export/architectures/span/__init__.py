"""The span architecture of GLiNER2 and GLiNER2-multi: every span up to a width is scored for every label."""
