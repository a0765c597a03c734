"""The public class. Its methods check their arguments and hand them to the pipeline."""
