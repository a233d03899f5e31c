"""The templates, held against cfn-lint, against the code, and against moto. Red with a sentence, or `ok`."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = {path.stem: path for path in (ROOT / "ecs").glob("*.yaml")}
KEEPERS = {"catalogue", "carts", "orders", "payment", "user", "shipping"}


def code(path):
    return (ROOT / path).read_text()


def found(pattern, path):
    return re.search(pattern, code(path))[1]


def must(holds, sentence):
    if not holds:
        sys.exit(f"red: {sentence}")


class Loader(yaml.SafeLoader):
    pass


Loader.add_multi_constructor("!", lambda loader, tag, node: {
    tag: getattr(loader, f"construct_{node.id}")(node, **({} if node.id == "scalar" else {"deep": True}))})


def template(name):
    return yaml.load(TEMPLATES[name].read_text(), Loader)


def code_and_templates_agree():
    port = int(found(r"DEFAULT_PORT: u16 = (\d+)", "services/chassis/src/discovery.rs"))
    admin = int(
        re.search(r"default_value_t = (\d+)\)\]\s+pub admin_port", code("services/chassis/src/settings.rs"))[1])
    images = set(re.findall(r"^FROM base AS (\S+)", code("images/Dockerfile"), re.M)) - {"sockshop"}
    allowed = set(template("service")["Parameters"]["Service"]["AllowedValues"]) | {"front-end"}
    must(images == allowed, f"images and services differ: {images ^ allowed}")
    network = template("network")["Resources"]
    names = {each["Properties"]["Name"] for each in network.values() if each["Type"].endswith("ServiceDiscovery::Service")}
    must(names == images, f"images and names differ: {images ^ names}")
    longest = int(found(r"const MAX_TTL: Duration = Duration::from_secs\((\d+)\)", "services/chassis/src/discovery/endpoints.rs"))
    for each in network.values():
        kind, properties = each["Type"].split("::")[-1], each.get("Properties", {})
        if each["Type"].endswith("ServiceDiscovery::Service"):
            must(all(r["TTL"] <= longest and r["Type"] == "A" for r in properties["DnsConfig"]["DnsRecords"]), "a name lives too long")
        if kind == "TargetGroup":
            must(properties["Port"] == port and properties["HealthCheckPort"] == str(admin), "the door asks another port")
            must(f'"{properties["HealthCheckPath"]}"' in code("services/chassis/src/admin.rs"), "nothing answers the door's health check")
    line = found(r'message = "([^"]+)"', "ecs/network.yaml")
    must(f'stuck, "{line}"' in code("services/shipping/src/queue.rs"), "shipping does not write the line that is the backlog")
    group = json.dumps(network)
    for variable, default in (("dns_port", 8053), ("gossip_port", 7946)):
        must(f"default_value_t = {default}" in code("mesh/src/config.rs") and f'"FromPort": {default}' in group, f"{variable} is closed")
    for name in ("service", "front-end"):
        tasks_agree(name, port, admin, longest)


def tasks_agree(name, port, admin, longest):
    text, resources = TEMPLATES[name].read_text(), template(name)["Resources"]
    box = resources["Task"]["Properties"]["ContainerDefinitions"][0]
    ports = {each["ContainerPort"] for each in box["PortMappings"]}
    must(ports == {port, admin}, f"{name}: ports {ports}, and the processes listen on {port} and {admin}")
    must(box["HealthCheck"]["Command"] == ["CMD", *json.loads(found(r"HEALTHCHECK .* CMD (\[.*\])", "images/Dockerfile"))], f"{name}: another health check")
    if name == "service":
        says = [*box["EntryPoint"], *box["Command"]]
        must(says == ["/sockshop", "serve", {"Ref": "Service"}], f"tasks run {says}")
    must(box["User"] == found(r"\nUSER (\S+)", "images/Dockerfile") and box["ReadonlyRootFilesystem"], f"{name}: too many rights")
    window = int(re.search(r"Name: DRAIN_WINDOW, Value: (\d+)s", text)[1])
    last = int(found(r"LAST_REQUESTS: Duration = Duration::from_secs\((\d+)\)", "services/chassis/src/serve.rs"))
    must(box["StopTimeout"] > window + last and window >= 2 * longest, f"{name}: killed while it drains")
    sources = "".join(path.read_text() for part in ("services", "mesh", "frontend", "images") for path in (ROOT / part).rglob("*") if path.suffix in (".rs", "") and path.is_file())
    for variable in set(re.findall(r"\{ Name: ([A-Z_]+), Value", text)):
        known = f'"{variable}"' in sources or re.search(rf"#\[arg\(.*\benv\b(?! =).*\)\]\s+pub {variable.lower()}:", sources) or f"{variable}=" in sources
        must(known, f"{name}: nobody reads {variable}")
    run = resources["Run"]["Properties"]["DeploymentConfiguration"]
    must(run["MinimumHealthyPercent"] == {"If": ["Embedded", 0, 100]} and run["MaximumPercent"] == {"If": ["Embedded", 100, 200]}, f"{name}: two tasks on one file")
    for resource in ("Scale",) if name == "front-end" else ():
        must(resources[resource]["Condition"] == "Managed", f"{name}: an embedded store is scaled")
    must("vfs=unix-excl" in text, f"{name}: an embedded store is not locked")


def aws(*words):
    answer = subprocess.run(["aws", *words, "--output", "json"], capture_output=True, text=True, timeout=180)
    must(answer.returncode == 0, f"aws {' '.join(words)}: {answer.stderr.strip()}")
    return json.loads(answer.stdout or "null")


def script(name, *words, **variables):
    ran = subprocess.run([ROOT / "ecs" / name, *words], capture_output=True, text=True, timeout=600, env={**os.environ, **variables})
    must(ran.returncode == 0, f"ecs/{name} {' '.join(words)}: {ran.stdout[-500:]}{ran.stderr[-2000:]}")


def moto(*story):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.update(AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
                      AWS_DEFAULT_REGION="eu-west-1", AWS_PAGER="")
    server = subprocess.Popen([sys.executable, Path(__file__).with_name("server.py"), str(port), *story], stdout=subprocess.DEVNULL, stderr=open(f"{story[0]}.log", "w") if story else subprocess.DEVNULL)
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return server
        except OSError:
            must(time.monotonic() < until and server.poll() is None, "moto does not start")
            time.sleep(0.1)


def task(service):
    [run] = aws("ecs", "describe-services", "--cluster", "sock-shop", "--services", service)["services"]
    return run, aws("ecs", "describe-task-definition", "--task-definition", run["taskDefinition"])["taskDefinition"]


def shop_is_there(stores, mesh, version):
    services = KEEPERS | {"queue-master", "front-end"} | ({"meshd"} if mesh == "yes" else set())
    names = {each["Arn"]: each["Name"] for each in aws("servicediscovery", "list-services")["Services"]}
    secrets = {each["ARN"]: each["Name"] for each in aws("secretsmanager", "list-secrets")["SecretList"]}
    for service in services:
        run, definition = task(service)
        [box] = definition["containerDefinitions"]
        keeps, embedded = service in KEEPERS | {"front-end"}, stores == "embedded"
        must(box["image"] == f"sockshop/{service}:{version}", f"{service} runs {box['image']}")
        must([names[each["registryArn"]] for each in run["serviceRegistries"]] == [service], f"{service} has another's name")
        must(bool(definition.get("volumes")) == (keeps and embedded), f"{service}: volumes {definition.get('volumes')}")
        must(not (keeps and embedded) or run["desiredCount"] == 1, f"{service}: {run['desiredCount']} tasks on one file")
        given = {each["name"]: secrets[each["valueFrom"]] for each in box.get("secrets") or []}
        wanted = {}
        if mesh == "yes":
            own = {"MESH_CREDENTIAL": f"sock-shop/mesh-credential-{service}"}
            wanted.update({"MESH_KEY": "sock-shop/mesh-key"} if service == "meshd" else own)
        if service == "front-end":
            wanted["SESSION_KEY"] = "sock-shop/session-key"
        if not embedded and service in KEEPERS - {"carts"}:
            wanted["STORE_PASSWORD"] = f"sock-shop/{service}-password"
        must(given == wanted, f"{service}: secrets {given}, and it needs {wanted}")
        for role in (definition["executionRoleArn"], definition["taskRoleArn"]):
            aws("iam", "get-role", "--role-name", role.split("/")[-1])
    run, _ = task("front-end")
    must(run["loadBalancers"][0]["containerPort"] == 8080, "the door leads nowhere")
    rules = aws("elbv2", "describe-target-groups")["TargetGroups"]
    must(len(rules) == 2, f"{len(rules)} target groups")
    scaled = {each["ResourceId"].split("/")[-1]: each for each in aws("application-autoscaling", "describe-scaling-policies", "--service-namespace", "ecs")["ScalingPolicies"]}
    wanted = {"queue-master"} if stores == "embedded" else services - {"meshd"}
    must(set(scaled) == wanted, f"scaled: {set(scaled)}, wanted: {wanted}")
    must(len(aws("cloudwatch", "describe-alarms", "--alarm-name-prefix", "sock-shop-front-end")["MetricAlarms"]) == 4, "alarms are missing")
    must(aws("logs", "describe-metric-filters")["metricFilters"], "no backlog")
    databases = len(aws("rds", "describe-db-instances")["DBInstances"])
    must(databases == (0 if stores == "embedded" else 5), f"{databases} databases")


def nothing_is_left():
    must(not aws("cloudformation", "describe-stacks")["Stacks"], "stacks are left")
    [cluster] = aws("ecs", "describe-clusters", "--clusters", "sock-shop")["clusters"]
    must(cluster["status"] == "INACTIVE", "a cluster is left")
    for words, key in ((("servicediscovery", "list-namespaces"), "Namespaces"), (("logs", "describe-log-groups"), "logGroups"),
                       (("efs", "describe-file-systems"), "FileSystems"), (("elbv2", "describe-load-balancers"), "LoadBalancers"), (("elbv2", "describe-target-groups"), "TargetGroups"), (("secretsmanager", "list-secrets"), "SecretList")):
        must(not aws(*words)[key], f"{key} are left")
    must(len(aws("ec2", "describe-vpcs")["Vpcs"]) == 1, "a network is left")


def a_second_process_is_refused(binary):
    url = found(r'"(sqlite:/data/\$\{Service\}.db[^"]*)"', "ecs/service.yaml")
    with tempfile.TemporaryDirectory() as folder:
        url = url.replace("/data", folder).replace("${Service}", "orders")
        start = lambda at: subprocess.Popen([binary, "serve", "orders"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                            env={**os.environ, "DATABASE_URL": url, "BIND_ADDRESS": at, "PORT": "8080", "ADMIN_PORT": "9090"})
        first = start("127.77.210.1")
        try:
            ask = ["env", "BIND_ADDRESS=127.77.210.1", "ADMIN_PORT=9090", binary, "health"]
            until = time.monotonic() + 20
            while subprocess.run(ask, capture_output=True).returncode:
                must(time.monotonic() < until and first.poll() is None, "the first process is not ready")
                time.sleep(0.05)
            must(not list(Path(folder).glob("*-shm")), "the index lies in shared memory")
            second = start("127.77.210.2")
            try:
                must(second.wait(30) != 0, "a second process opened the file")
            except subprocess.TimeoutExpired:
                second.kill()
                must(False, "a second process runs on the file of the first")
        finally:
            first.terminate()
            first.wait(30)


def main():
    subprocess.run(["cfn-lint", *TEMPLATES.values()], check=True)
    for path in TEMPLATES.values():
        must(path.stat().st_size < 51_200, f"{path.name} is too long for the command line")
    code_and_templates_agree()
    if len(sys.argv) > 1:
        a_second_process_is_refused(Path(sys.argv[1]).resolve())
    server = moto()
    try:
        script("deploy")
        shop_is_there("embedded", "no", "0.1.0")
        script("deploy", "Version=0.2.0")
        shop_is_there("embedded", "no", "0.2.0")
        script("destroy")
        nothing_is_left()
        script("deploy", "Strategy=CANARY", "Pause=yes", STORES="managed", MESH="yes")
        shop_is_there("managed", "yes", "0.1.0")  # moto cannot delete its databases again
    finally:
        server.terminate()
    print("ok")


if __name__ == "__main__":
    main()
