// The room Trainer.
