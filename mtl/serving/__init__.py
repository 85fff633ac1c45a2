"""A model as a service over HTTP; `mtl.serving.app` and `mtl.serving.server` need the extra `serve`."""
