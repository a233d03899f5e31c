"""`sockshop release --target ecs`, with the real aws command, on moto and a Fargate that is played (fargate.py)."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from check import ROOT, aws, moto, must, script

QUICK = ("--window", "1s", "--requests", "10")
FOLDER = Path(tempfile.mkdtemp(prefix="ecs-releases-"))
STORY = FOLDER / "story"
BINARY = Path(sys.argv[1]).resolve()


def command(*words):
    return [BINARY, "release", *words, "--target", "ecs", "--shop", "sock-shop", "--templates", ROOT / "ecs", "--data", FOLDER / "data"]


def sockshop(*words):
    """What it prints, and whether it went well."""
    begun = time.monotonic()
    ran = subprocess.run(command(*words), capture_output=True, text=True, timeout=600)
    print(f"{time.monotonic() - begun:6.1f} s  sockshop release {' '.join(words)}", flush=True)
    return ran.stdout + ran.stderr, ran.returncode == 0


def story():
    return json.loads(STORY.read_text())


def shares(since=0):
    """How the requests to catalogue were shared out, one after the other."""
    return [policy for service, policy in story()["shares"][since:] if service == "catalogue"]


def until(what, look, patience=400):
    end = time.monotonic() + patience
    while not (found := look()):
        must(time.monotonic() < end, f"waited in vain for {what}")
        time.sleep(0.2)
    return found


def stacks():
    """Versions by stack of catalogue."""
    found = aws("cloudformation", "describe-stacks")["Stacks"]
    outputs = lambda stack: {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    return {each["StackName"]: outputs(each)["Version"] for each in found if each["StackName"].startswith("sock-shop-catalogue")}


def running():
    """Versions of the tasks of catalogue, by what ECS says of them."""
    names = aws("ecs", "list-tasks", "--cluster", "sock-shop", "--desired-status", "RUNNING")["taskArns"]
    if not names:
        return []
    found = aws("ecs", "describe-tasks", "--cluster", "sock-shop", "--include", "TAGS", "--tasks", *names)["tasks"]
    tags = [{tag["key"]: tag["value"] for tag in each["tags"]} for each in found]
    return sorted(each["sock-shop:version"] for each in tags if each["sock-shop:service"] == "catalogue")


def only(version):
    must(stacks() == {"sock-shop-catalogue": version}, f"stacks {stacks()}, and only {version} should be left")
    until(f"two tasks of {version}", lambda: running() == [version] * 2, 60)
    must("catalogue" not in story()["policies"], f"a policy is left: {story()['policies']}")


def what_cannot_be_done_is_refused():
    said, well = sockshop("canary", "front-end", "--to", "v2")
    must(not well and "Strategy=CANARY" in said and "sock-shop-front-end" in said, f"the front-end: {said}")
    said, well = sockshop("canary", "catalogue", "--to", "0.1.0")
    must(not well and "is 0.1.0 already" in said, f"the same version: {said}")
    said, well = sockshop("canary", "meshd", "--to", "v2")
    must(not well, f"the mesh: {said}")
    must(not story()["shares"], f"refused, and requests were shared out: {story()['shares']}")


def a_good_version_takes_over_at_once():
    before = len(story()["shares"])
    said, well = sockshop("blue-green", "catalogue", "--to", "v2", *QUICK)
    must(well, f"blue-green: {said}")
    only("v2")
    wanted = [{"0.1.0": 100}, {"0.1.0": 0, "v2": 100}, {"v2": 100}, {}]
    must(shares(before) == wanted, f"blue-green shared out {shares(before)}")
    [run] = aws("ecs", "describe-services", "--cluster", "sock-shop", "--services", "catalogue")["services"]
    task = aws("ecs", "describe-task-definition", "--task-definition", run["taskDefinition"])["taskDefinition"]
    must(task["containerDefinitions"][0]["image"] == "sockshop/catalogue:v2", "the image is another")
    together = [words for _, *words in story()["words"] if "--each" in words]
    must(together and all(len(words[-1].split(",")) == 4 for words in together), f"not asked together: {together}")


def a_good_version_takes_over_step_by_step():
    before = len(story()["shares"])
    said, well = sockshop("canary", "catalogue", "--to", "0.3.0", "--steps", "25,100", *QUICK)
    must(well, f"canary: {said}")
    only("0.3.0")
    wanted = [{"v2": 100}, {"0.3.0": 25, "v2": 75}, {"0.3.0": 100, "v2": 0}, {"0.3.0": 100}, {}]
    must(shares(before) == wanted, f"canary shared out {shares(before)}")


def a_bad_version_goes_by_itself():
    before = len(story()["shares"])
    said, well = sockshop("canary", "catalogue", "--to", "v2-errors", "--steps", "50,100", *QUICK)
    must(not well and "aborted" in said and "failed, against" in said, f"v2-errors: {said}")
    only("0.3.0")
    must({"0.3.0": 0, "v2-errors": 100} not in shares(before), "a bad version got everything")
    must(shares(before)[-2:] == [{"0.3.0": 100}, {}], f"v2-errors: {shares(before)}")


def a_dead_command_leaves_a_release_that_another_ends():
    driver = subprocess.Popen(command("canary", "catalogue", "--to", "v4", "--steps", "50,100", "--window", "300s"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until("half of the requests", lambda: story()["policies"].get("catalogue") == {"0.3.0": 50, "v4": 50})
        said, well = sockshop("blue-green", "catalogue", "--to", "v5", *QUICK)
        must(not well, f"a second release beside one that is driven: {said}")
    finally:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait(30)
    said, _ = sockshop("status")
    must("left alone" in said and "v4 50 %" in said and "v4 2" in said, f"status: {said}")
    said, well = sockshop("blue-green", "catalogue", "--to", "v5", *QUICK)
    must(not well and "abort" in said, f"a second release beside one that was left: {said}")
    must(stacks() == {"sock-shop-catalogue": "0.3.0", "sock-shop-catalogue-v4": "v4"}, f"{stacks()}")
    said, well = sockshop("abort", "catalogue")
    must(well, f"abort: {said}")
    only("0.3.0")
    said, _ = sockshop("history")
    must(said.count("promoted") == 2 and said.count("aborted") == 2, f"history: {said}")


def what_a_dry_run_types_does_the_same():
    before = len(story()["shares"])
    typed, well = sockshop("blue-green", "catalogue", "--to", "v6", "--dry-run")
    must(well, f"dry run: {typed}")
    must(stacks() == {"sock-shop-catalogue": "0.3.0"} and not shares(before), "a dry run changed something")
    ran = subprocess.run(["sh", "-eu", "-c", typed], capture_output=True, text=True, timeout=600, cwd=ROOT)
    must(ran.returncode == 0, f"typed by hand: {ran.stdout[-500:]}{ran.stderr[-2000:]}\n{typed}")
    only("v6")
    wanted = [{"0.3.0": 100}, {"0.3.0": 0, "v6": 100}, {"v6": 100}, {}]
    must(shares(before) == wanted, f"typed by hand: {shares(before)}")


def a_command_may_die_after_each_of_its_changes(stays="v6", other="v7"):
    """By an `aws` that kills its caller, as in xtask/src/interrupted/tool.sh. Minutes long: only with EVERY_CHANGE=1."""
    tools = FOLDER / "tools"
    tools.mkdir()
    (tools / "aws").write_text("""#!/bin/sh
PATH=$REAL_PATH
aws "$@"
code=$?
case "$1 $2 $*" in "cloudformation deploy"*|"cloudformation delete-stack"*|"ecs run-task"*policy*) ;; *) exit $code ;; esac
count=$(($(cat "$CHANGES") + 1))
echo $count >"$CHANGES"
[ $count -ne "$KILL_AFTER" ] || kill -KILL $PPID
exit $code
""")
    (tools / "aws").chmod(0o755)
    number = 0
    while True:
        number += 1
        (FOLDER / "changes").write_text("0")
        path = os.environ["PATH"]
        variables = dict(os.environ, PATH=f"{tools}:{path}", REAL_PATH=path, CHANGES=str(FOLDER / "changes"), KILL_AFTER=str(number))
        begin = ("blue-green", "catalogue", "--to", other, "--window", "1s", "--requests", "0", "--no-business-check")
        died = subprocess.run(command(*begin), env=variables, capture_output=True, timeout=600).returncode == -signal.SIGKILL
        if not died:
            only(other)
            must(number > 3, f"only {number} changes were seen")
            print(f"killed after each of {number - 1} changes of aws", flush=True)
            return
        end = [("promote", "catalogue"), begin, ("abort", "catalogue")][number % 3 - 1]
        said, well = sockshop(*end)
        must(well or f"is {other} already" in said, f"killed after change {number}, {end[0]}: {said}")
        if end[0] != "abort":
            stays, other = other, stays
        only(stays)


def without_a_mesh_nothing_begins():
    subprocess.run(["aws", "cloudformation", "deploy", "--stack-name", "sock-shop-carts", "--template-file", ROOT / "ecs/service.yaml",
                    "--capabilities", "CAPABILITY_IAM", "--parameter-overrides", "Mesh=no"], check=True, capture_output=True, timeout=120)
    said, well = sockshop("canary", "carts", "--to", "v2", *QUICK)
    must(not well and "no mesh" in said, f"without a mesh: {said}")


def main():
    server = moto(str(STORY))
    log = Path(f"{STORY}.log")
    try:
        script("deploy", STORES="managed", MESH="yes")
        until("tasks", lambda: STORY.exists() and running() == ["0.1.0"] * 2)
        what_cannot_be_done_is_refused()
        a_good_version_takes_over_at_once()
        a_good_version_takes_over_step_by_step()
        a_bad_version_goes_by_itself()
        a_dead_command_leaves_a_release_that_another_ends()
        what_a_dry_run_types_does_the_same()
        if os.environ.get("EVERY_CHANGE"):
            a_command_may_die_after_each_of_its_changes()
        without_a_mesh_nothing_begins()
    finally:
        server.terminate()
        server.wait(30)
        trouble = log.read_text().partition("Traceback")[2]
        if trouble:
            print(f"the stand-in stumbled: {trouble[:2000]}")
    shutil.rmtree(FOLDER)
    print("ok")


if __name__ == "__main__":
    main()
