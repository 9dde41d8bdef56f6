"""The lifecycle of Cloud Native Buildpacks: source becomes an image, phase by phase: detect, restore, build, export."""
