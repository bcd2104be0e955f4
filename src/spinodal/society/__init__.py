"""Populations of real agents: who is in one, what each sees, remembers and says, and how one lives.

plan       SocietyPlan: everything that decides what happens, but for the replies
life       one population from its start to its end, a model call an update
task       the Inspect task: one sample a trajectory
"""
