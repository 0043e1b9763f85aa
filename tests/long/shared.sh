#!/bin/sh
# Published models in every engine on 100,000 events, compiled for speed; the log has each one's report
# and the events per second of every engine.
ALL_ENGINES=datapath,c,hls,rtl,icarus EVENTS=${EVENTS:-100000} exec "$ROOT/tests/cosim/shared.sh"
