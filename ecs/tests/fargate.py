"""Plays Fargate and the shop in it, for moto starts no tasks: `sockshop release` meets nothing else of them.

Services get tasks, with an address each and the tags that propagate to them. A task of its own runs its words: what they
print goes where awslogs would put it, and its container ends with an exit code. Who cannot reach whom, by the security
groups that moto keeps, gets no answer. The policy of the mesh decides who gets the requests."""

import json
import os
import threading
import time
import traceback
from pathlib import Path

from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs.models import Container, EC2ContainerServiceBackend, ecs_backends
from moto.logs.models import logs_backends
from moto.moto_api import state_manager

REGION = "eu-west-1"
LINE = 16 * 1024  # awslogs cuts longer lines
STORY = {"policies": {}, "shares": [], "words": [], "requests": {}}


class Failed(Exception):
    pass


def ecs():
    return ecs_backends[ACCOUNT][REGION]


def begin(self, definition):
    moto_begin(self, definition)
    self.exitCode = None  # moto's end before they begin


# A task of Fargate has memory, its containers need not.
EC2ContainerServiceBackend._calculate_task_resource_requirements = staticmethod(lambda definition: {})
NetworkInterface.private_dns_name = ""  # moto asks for it, and has given it none
moto_begin, Container.__init__ = Container.__init__, begin


def tasks():
    return [task for cluster in list(ecs().tasks.values()) for task in list(cluster.values())]


def box(task):
    [container] = ecs().describe_task_definition(task.task_definition_arn).container_definitions
    return container


def tags(task):
    return {tag["key"]: tag["value"] for tag in task.tags}


def address(task):
    return next(each["value"] for each in task.attachments[0]["details"] if each["name"] == "privateIPv4Address")


def serving(service):
    return [task for task in tasks() if task.group.startswith("service:") and task.last_status == "RUNNING"
            and tags(task).get("sock-shop:service") == service]


def end(task, code, why):
    task.containers[0].exitCode, task.containers[0].last_status = code, "STOPPED"
    task.last_status, task.desired_status, task.stopped_reason = "STOPPED", "STOPPED", why


def follow():
    """Every service has as many tasks as it wants, of its present task definition."""
    kept = {}
    for service in list(ecs().services.values()):
        if service.status == "ACTIVE":
            kept[f"service:{service.name}"] = (service, ecs().describe_task_definition(service.task_definition))
    for task in tasks():
        if task.group.startswith("service:") and task.last_status == "RUNNING":
            service, definition = kept.get(task.group, (None, None))
            if not service or task.task_definition_arn != definition.arn:
                end(task, 0, "Scaling activity initiated by deployment")
    for group, (service, definition) in kept.items():
        there = [task for task in tasks() if task.group == group and task.last_status == "RUNNING"]
        if len(there) < service.desired_count:
            given = {"SERVICE": service.tags, "TASK_DEFINITION": definition.tags}.get(service.propagate_tags, [])
            new = ecs().run_task(service.cluster_name, definition.arn, service.desired_count - len(there), None, "ecs-svc/1", given,
                                 "FARGATE", service.network_configuration, group)
            for task in new:
                task.health_status = "HEALTHY"


def groups(task):
    return set(task.network_configuration["awsvpcConfiguration"]["securityGroups"])


def reaches(task, other, port):
    known = ec2_backends[ACCOUNT][REGION]
    for group in groups(other):
        for rule in known.get_security_group_from_id(group).ingress_rules:
            if rule.ip_protocol == "tcp" and rule.from_port <= port <= rule.to_port and rule.source_group.get("GroupId") in groups(task):
                return True
    return False


def must_reach(task, service, port):
    there = serving(service)
    if not there or not all(reaches(task, other, port) for other in there):
        raise Failed(f"{service} cannot be reached on port {port}")


def metrics(task):
    """Every look comes after a hundred requests to the service, shared out by the policy."""
    service, version = tags(task)["sock-shop:service"], tags(task)["sock-shop:version"]
    alike = [other for other in serving(service) if tags(other)["sock-shop:version"] == version]
    share = STORY["policies"].get(service, {}).get(version, 50) // len(alike)
    seen = STORY["requests"][task.id] = STORY["requests"].get(task.id, 0) + share
    failed = seen // 2 if version.endswith("errors") else 0
    lines = ["# " + "so that awslogs cuts the line " * 200]
    for code, count in ((0, seen - failed), (13, failed)):
        lines += [f'grpc_server_handling_seconds_bucket{{grpc_code="{code}",le="0.005"}} {count}',
                  f'grpc_server_handling_seconds_count{{grpc_code="{code}"}} {count}']
    return "\n".join([*lines, "process_resident_memory_bytes 8000000", ""])


def answer(task, at, path, port):
    found = [other for other in tasks() if other.last_status == "RUNNING" and address(other) == at]
    if not found or not reaches(task, found[0], port):
        return None
    return metrics(found[0]) if path == "/metrics" else "[]"


def say(task, words):
    """What `/sockshop WORDS` prints."""
    service = box(task)["name"]
    match words:
        case ["ask", "/metrics", "--admin", "--each", addresses]:
            return json.dumps({at: answer(task, at, "/metrics", 9090) for at in addresses.split(",")}) + "\n"
        case ["ask", path, "--bind", at] if path.startswith("/"):
            said = answer(task, at, path, 8080)
            if said is None:
                raise Failed(f"http://{at}:8080{path} does not answer")
            return said
        case ["mesh", "policy", *policy]:
            must_reach(task, "meshd", 8080)
            if not any(secret["name"] in ("MESH_KEY", "MESH_CREDENTIAL") for secret in box(task)["secrets"]):
                raise Failed("a mesh node needs a key or a credential")
            return steer(service, policy)
        case ["audit", since, *urls] if since.startswith("--since-ms="):
            for name, url in zip(("orders", "payment", "shipping"), urls, strict=True):
                if url != f"--{name}-url=http://{name}.sock-shop.internal:8080":
                    raise Failed(f"{url}: there is no such name")
                must_reach(task, name, 8080)
            return ""
    raise Failed(f"unknown words {words}")


def steer(service, policy):
    match policy:
        case []:
            rows = [(of, version, weight) for of, all in STORY["policies"].items() for version, weight in all.items()]
            return "".join("  ".join(map(str, row)) + "\n" for row in [("SERVICE", "VERSION", "WEIGHT"), *rows])
        case [of, "--clear"] if of == service:
            STORY["policies"].pop(service, None)
        case [of, *weights] if of == service and weights:
            STORY["policies"][service] = {version: int(weight) for version, weight in (one.split("=") for one in weights)}
        case _:
            raise Failed(f"{service} steers {policy}")
    STORY["shares"].append([service, STORY["policies"].get(service, {})])
    return ""


def run(task):
    [override] = task.overrides["containerOverrides"]
    container, words = box(task), override["command"]
    if override["name"] != container["name"] or container.get("entryPoint") != ["/sockshop"]:
        return end(task, 2, "Essential container in task exited")
    last = f"\n{[words.pop(), words.pop()][0]}\n" if "--last-word" in words else ""
    STORY["words"].append([container["name"], *words])
    try:
        code, lines = 0, [line for line in (say(task, words) + last).splitlines() if line]
    except Failed as error:
        code, lines = 1, [f"sockshop: {error}"]
    end(task, code, "Essential container in task exited")
    threading.Timer(0.5, log, (task, container, lines)).start()


def log(task, container, lines):
    options = container["logConfiguration"]["options"]
    group, name = options["awslogs-group"], f"{options['awslogs-stream-prefix']}/{container['name']}/{task.id}"
    cut = [line[at:at + LINE] for line in lines for at in range(0, len(line), LINE)]
    events = [{"timestamp": int(time.time() * 1000), "message": each} for each in cut]
    known = logs_backends[ACCOUNT][REGION]
    known.create_log_stream(group, name)
    if events:
        known.groups[group].put_log_events(name, events)


def play(story):
    """Does so for ever, and keeps what happened in the file `story`."""
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 1_000_000_000})
    while True:
        try:
            follow()
            for task in tasks():
                if task.group.startswith("family:") and task.last_status == "RUNNING":
                    run(task)
            Path(story + ".new").write_text(json.dumps(STORY))
            Path(story + ".new").rename(story)
        except Exception:
            traceback.print_exc()
            os._exit(1)  # or the suite would wait for what never comes
        time.sleep(0.1)


def start(story):
    threading.Thread(target=play, args=(story,), daemon=True).start()
