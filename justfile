# Names for what stands in .ci; nothing is done here.

# Everything that must hold
test *STEPS:
    bash .ci/test {{STEPS}}

# The fuzz targets, so many seconds each
fuzz SECONDS *TARGETS:
    bash .ci/fuzz {{SECONDS}} {{TARGETS}}

# The generated files
generate:
    bash .ci/generate
