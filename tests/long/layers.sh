#!/bin/sh
# tests/cosim/layers.sh on the network that came quantised: first, second, third and last layer.
exec sh "$(dirname "$0")/../cosim/layers.sh" long
