"""Learning a home: the training process, model files and their runtimes, champion and challenger."""
