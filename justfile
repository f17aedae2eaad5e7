# Names for what stands in .ci; nothing is done here.

# Everything that must hold
test *STEPS:
    bash .ci/test {{STEPS}}

# The fuzz targets, so many seconds each
fuzz SECONDS *TARGETS:
    bash .ci/fuzz {{SECONDS}} {{TARGETS}}

# Instructions of small fixed cases, held to their budgets; --write makes the budgets anew
instructions *WRITE:
    bash .ci/instructions {{WRITE}}

# Every figure that is kept, and the chart of the README; benches/README.md says what it needs
measure *OPTIONS:
    cargo run --release --locked --package stanch-benches -- measure {{OPTIONS}}

# The generated files
generate:
    bash .ci/generate
