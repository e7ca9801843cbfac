#!/bin/sh
# The demo in one call: start it, go on with it, or show it, by what the run folder holds.
# usage: examples/demo.sh GANORCH RUN_DIR
set -eu
ganorch=$1
run=$2

if [ ! -e "$run/sweep.yaml" ]; then
    "$ganorch" run "$(dirname "$0")/demo.yaml" --out "$run"
elif [ ! -e "$run/best/metrics.json" ]; then
    echo "Going on with $run, which was interrupted."
    "$ganorch" resume "$run"
else
    echo "$run is finished. To start afresh: make demo DEMO_OUT=$run-2"
fi

"$ganorch" results "$run"
echo
echo "Samples    $run/best/samples.png"
echo "Report     $run/report.html"
echo "Curves     $ganorch tensorboard $run"
