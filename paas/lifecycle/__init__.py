"""The lifecycle of Cloud Native Buildpacks: source becomes an image. `builder.py` walks the phases in order:

    source.py      the archive of a push is unpacked           (tar_reader.py, ignore.py; app_json.py reads the health check)
    detect.py      buildpacks say whether they fit             (descriptor.py, order.py, plan.py; stack.py knows which there are)
    restore.py     they get back what the last build left      (cache.py)
    build.py       they make their layers                      (layers.py, launch.py, environment.py, build_environment.py)
    export.py      layers and app become an image              (layer_tar.py, slices.py, image_config.py; launcher.sh starts it)

Decisions are taken here, in the worker. Buildpacks' programs run in the build container (container.py, programs.py; runner.py
talks to agent.py in it), in folders laid out by workspace.py. What they leave is hostile: folder.py reads it.
"""
