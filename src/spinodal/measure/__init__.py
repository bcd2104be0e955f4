"""Measurement: prompts, designs and readouts, and the Inspect task that puts them to a model."""
