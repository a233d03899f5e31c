#!/bin/sh
# The tool of this name in REAL_PATH. After the change number KILL_AFTER, counted in the file CHANGES, its caller is killed.
PATH=$REAL_PATH
"$(basename "$0")" "$@"
code=$?
case "$1 $2" in
"create "* | "start "* | "stop "* | "rm "* | "network connect" | "service create" | "service update" | "service scale" | "service rm") ;;
*) case " $* " in *" mesh policy "?*) ;; *) exit $code ;; esac ;;
esac
count=$(($(cat "$CHANGES") + 1))
echo $count >"$CHANGES"
[ $count -ne "$KILL_AFTER" ] || kill -KILL $PPID
exit $code
