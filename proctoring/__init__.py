"""The core: what an exam, a session, a recording, a review, an incident, an appeal and a hold are.

Stands on the vault (`storage`) and knows no edge; `proctoring.cli` alone, the composition root, does.
"""
