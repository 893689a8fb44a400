# Says how much memory chat-server ever had, and fails if that is more than 64 MiB.
awk '/^VmHWM/ { print "at most " int($2 / 1024) " MiB"; exit $2 > 65536 }' \
    "/proc/$(pidof chat-server)/status"
