"""moto's server, with the kinds of resources that its CloudFormation leaves out or only half keeps.

Each is made by the call a person would make: botocore holds the parameters against AWS's own model of them, moto keeps
what comes of it, and the suite asks for it with the aws command. A property no such parameter has is an error."""

import sys
import uuid

import boto3
from botocore.config import Config
from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_models import CloudFormationModel
from moto.ec2 import models as ec2
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.models.route_tables import Route, RouteTable
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ecs.models import Cluster, ecs_backends
from moto.elbv2.models import FakeLoadBalancer, FakeTargetGroup, elbv2_backends
from moto.server import main

PORT = sys.argv[1]
KINDS = []


def apply(self):
    """A change set that leaves outputs and exports behind, as `aws cloudformation deploy` needs them; moto's does not."""
    exports = cloudformation_backends[self.stack.account_id][self.stack.region_name].exports
    stack = self.stack
    stack.resource_map.cross_stack_resources = exports
    stack.resource_map.update(self.template_dict, self.parameters)
    stack.template, stack.parameters = self.template, self.parameters
    stack._parse_template()
    stack.output_map = stack._create_output_map()
    conditions = stack.resource_map.lazy_condition_map
    outputs = stack.output_map._output_json_map
    for name in [name for name, output in outputs.items() if not conditions.get(output.get("Condition"), True)]:
        del outputs[name]
    exports.update({export.name: export for export in stack.exports})


def update(logical_id, resource_json, resources_map, **where):
    """An update that leaves alone what a condition forbids."""
    if not resources_map.lazy_condition_map.get(resource_json.get("Condition"), True):
        return None
    return moto_update(logical_id, resource_json, resources_map, **where)


def backend(account_id, region_name):
    return ec2.ec2_backends[account_id][region_name]


def end_routes(self, account_id, region_name):
    self.associations.clear()
    backend(account_id, region_name).delete_route_table(self.id)


def end_endpoint(self, account_id, region_name):
    self.route_table_ids = []  # they may be gone already
    backend(account_id, region_name).delete_vpc_endpoints([self.id])


def full_name(self, attribute):
    known = {"DNSName": getattr(self, "dns_name", None)}
    return known.get(attribute) or self.arn.split(":")[-1].removeprefix("loadbalancer/")


ChangeSet.apply = apply
moto_update, parsing.parse_and_update_resource = parsing.parse_and_update_resource, update
CloudFormationResponse._validate_different_update = lambda *_: None  # an update that changes nothing is none, and no error
FakeTargetGroup.delete = lambda self, account_id, region_name: elbv2_backends[account_id][region_name].delete_target_group(self.arn)
RouteTable.delete = end_routes  # moto leaves these, and those below, behind
Cluster.delete = lambda self, account_id, region_name: ecs_backends[account_id][region_name].delete_cluster(self.name)
Route.delete = lambda *_: None  # it goes with its table
NatGateway.delete = lambda self, account_id, region_name: backend(account_id, region_name).delete_nat_gateway(self.id)
VPCEndPoint.delete = end_endpoint
FakeTargetGroup.get_cfn_attribute = FakeLoadBalancer.get_cfn_attribute = full_name


def client(service, region):
    once = Config(retries={"max_attempts": 0}, read_timeout=20)
    return boto3.client(service, region, endpoint_url=f"http://127.0.0.1:{PORT}", config=once)


def fit(shape, value):
    """`value` as `shape` wants it: names in its own case, text as numbers where it says so."""
    if shape.type_name == "structure":
        members = {name.lower(): name for name in shape.members}
        unknown = [name for name in value if name.lower() not in members]
        if unknown:
            raise ValueError(f"{shape.name} has no {unknown}")
        return {members[n.lower()]: fit(shape.members[members[n.lower()]], v) for n, v in value.items() if v is not None}
    if shape.type_name == "list":
        return [fit(shape.member, each) for each in value if each is not None]
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name in ("double", "float"):
        return float(value)
    if shape.type_name == "boolean":
        return str(value).lower() == "true"
    if shape.type_name == "string":
        return str(getattr(value, "physical_resource_id", None) or getattr(value, "access_point_id", value))
    return value


def call(service, region, operation, properties):
    api = client(service, region)
    shape = api.meta.service_model.operation_model(api.meta.method_to_api_mapping[operation]).input_shape
    return getattr(api, operation)(**fit(shape, properties))


class Kind:
    """What a kind of resource is made by, known by and ended by. `name` is the property that names it, if any."""

    def __init__(self, type, service, name=None):
        self.type, self.service, self.name = type, service, name
        KINDS.append(model(self))

    def make(self, properties, region, name):
        """Makes it; answers with its id and its attributes."""
        raise NotImplementedError

    def change(self, made, properties, region):
        """Brings it up to date; by default as making it does, for calls that put."""
        made.id, made.attributes = self.make(properties, region, made.called)

    def end(self, made, region):
        raise NotImplementedError


def model(kind):
    class Made(CloudFormationModel):
        __module__ = "moto.cloudformation.shop"  # moto counts models by where they are from

        def __init__(self, called):
            self.called, self.id, self.attributes = called, None, {}

        physical_resource_id = property(lambda self: self.id)
        cloudformation_name_type = staticmethod(lambda: kind.name or "")
        cloudformation_type = staticmethod(lambda: kind.type)

        @classmethod
        def has_cfn_attr(cls, attr):
            return True

        def get_cfn_attribute(self, attribute):
            # moto cuts `Endpoint.Address` off at the dot
            return next(value for name, value in self.attributes.items() if name == attribute or name.startswith(f"{attribute}."))

        def is_created(self):
            return True

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
            made = cls(resource_name)
            properties = cloudformation_json["Properties"]
            made.id, made.attributes = kind.make(dict(properties), region_name, resource_name)
            return made

        @classmethod
        def update_from_cloudformation_json(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
            kind.change(original_resource, dict(cloudformation_json["Properties"]), region_name)
            return original_resource

        def delete(self, account_id, region_name):
            try:
                kind.end(self, region_name)
            except (TypeError, AttributeError) as error:  # moto would take it for a model without `delete`
                raise RuntimeError(str(error)) from error

    return Made


class Namespace(Kind):
    def make(self, properties, region, name):
        call("servicediscovery", region, "create_private_dns_namespace", properties)
        found = client("servicediscovery", region).list_namespaces()["Namespaces"]
        found = next(each for each in found if each["Name"] == properties["Name"])
        return found["Id"], found

    def change(self, made, properties, region):
        pass

    def end(self, made, region):
        client("servicediscovery", region).delete_namespace(Id=made.id)


class Name(Kind):
    def make(self, properties, region, name):
        found = call("servicediscovery", region, "create_service", properties)["Service"]
        return found["Id"], found

    def change(self, made, properties, region):
        pass

    def end(self, made, region):
        client("servicediscovery", region).delete_service(Id=made.id)


class Log(Kind):
    def make(self, properties, region, name):
        call("logs", region, "create_log_group", {"logGroupName": name})
        self.change(None, properties, region)
        return name, {}

    def change(self, made, properties, region):
        call("logs", region, "put_retention_policy", properties)

    def end(self, made, region):
        client("logs", region).delete_log_group(logGroupName=made.id)


class MetricFilter(Kind):
    def make(self, properties, region, name):
        call("logs", region, "put_metric_filter", {**properties, "filterName": name})
        self.group = properties["LogGroupName"]
        return name, {}

    def end(self, made, region):
        call("logs", region, "delete_metric_filter", {"logGroupName": self.group, "filterName": made.id})


class Secret(Kind):
    def make(self, properties, region, name):
        rule = properties.pop("GenerateSecretString", None)
        text = properties.pop("SecretString", None) or call("secretsmanager", region, "get_random_password", rule)["RandomPassword"]
        found = call("secretsmanager", region, "create_secret", {**properties, "SecretString": text})
        return found["ARN"], {}

    def change(self, made, properties, region):
        pass

    def end(self, made, region):
        client("secretsmanager", region).delete_secret(SecretId=made.id, ForceDeleteWithoutRecovery=True)


class CacheSubnets(Kind):
    def make(self, properties, region, name):
        properties["CacheSubnetGroupDescription"] = properties.pop("Description")
        call("elasticache", region, "create_cache_subnet_group", {**properties, "CacheSubnetGroupName": name[:200]})
        return name, {}

    def end(self, made, region):
        pass  # moto cannot


class Cache(Kind):
    def make(self, properties, region, name):
        name = f"cache-{uuid.uuid4().hex[:8]}"
        properties["Engine"] = "redis"  # moto knows no valkey
        call("elasticache", region, "create_replication_group", {**properties, "ReplicationGroupId": name})
        return name, {"PrimaryEndPoint.Address": f"{name}.cache.internal"}

    def end(self, made, region):
        client("elasticache", region).delete_replication_group(ReplicationGroupId=made.id)


class Database(Kind):
    def make(self, properties, region, name):
        name = f"database-{uuid.uuid4().hex[:8]}"
        properties["VpcSecurityGroupIds"] = properties.pop("VPCSecurityGroups")
        for group in ("DBParameterGroupName", "DBSubnetGroupName"):
            known = properties[group]
            properties[group] = getattr(known, "name", None) or getattr(known, "subnet_name", None) or str(known)
        call("rds", region, "create_db_instance", {**properties, "DBInstanceIdentifier": name})
        [found] = client("rds", region).describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        return name, {"Endpoint.Address": found["Endpoint"]["Address"]}

    def change(self, made, properties, region):
        pass

    def end(self, made, region):
        client("rds", region).delete_db_instance(DBInstanceIdentifier=made.id, SkipFinalSnapshot=True)


class Alarm(Kind):
    def make(self, properties, region, name):
        call("cloudwatch", region, "put_metric_alarm", {**properties, "AlarmName": name})
        return name, {}

    def end(self, made, region):
        client("cloudwatch", region).delete_alarms(AlarmNames=[made.id])


class Scale(Kind):
    def make(self, properties, region, name):
        call("application-autoscaling", region, "register_scalable_target", properties)
        keys = ("ResourceId", "ScalableDimension", "ServiceNamespace")
        return "|".join(properties[key] for key in keys), {key: properties[key] for key in keys}

    def end(self, made, region):
        client("application-autoscaling", region).deregister_scalable_target(**made.attributes)


class ScalingPolicy(Kind):
    def make(self, properties, region, name):
        target = getattr(properties["ScalingTargetId"], "id", properties["ScalingTargetId"])
        del properties["ScalingTargetId"]
        keys = dict(zip(("ResourceId", "ScalableDimension", "ServiceNamespace"), target.split("|")))
        call("application-autoscaling", region, "put_scaling_policy", {**properties, **keys})
        return f"{target}|{properties['PolicyName']}", {**keys, "PolicyName": properties["PolicyName"]}

    def end(self, made, region):
        left = client("application-autoscaling", region).describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
        if any(each["ResourceId"] == made.attributes["ResourceId"] for each in left):
            client("application-autoscaling", region).delete_scaling_policy(**made.attributes)


class TaskDefinition(Kind):
    def make(self, properties, region, name):
        found = call("ecs", region, "register_task_definition", properties)["taskDefinition"]
        return found["taskDefinitionArn"], {}

    def change(self, made, properties, region):
        self.end(made, region)
        super().change(made, properties, region)

    def end(self, made, region):
        client("ecs", region).deregister_task_definition(taskDefinition=made.id)


class Service(Kind):
    def make(self, properties, region, name):
        found = call("ecs", region, "create_service", properties)["service"]
        return found["serviceArn"], {"Name": found["serviceName"], "cluster": properties["Cluster"]}

    def change(self, made, properties, region):
        new = ("ServiceName", "LaunchType", "Tags")
        changed = {key: value for key, value in properties.items() if key not in new}
        call("ecs", region, "update_service", {**changed, "Service": made.attributes["Name"]})

    def end(self, made, region):
        client("ecs", region).delete_service(cluster=made.attributes["cluster"], service=made.attributes["Name"], force=True)


Namespace("AWS::ServiceDiscovery::PrivateDnsNamespace", "servicediscovery")
Name("AWS::ServiceDiscovery::Service", "servicediscovery")
Log("AWS::Logs::LogGroup", "logs", "LogGroupName")
MetricFilter("AWS::Logs::MetricFilter", "logs")
Secret("AWS::SecretsManager::Secret", "secretsmanager")
CacheSubnets("AWS::ElastiCache::SubnetGroup", "elasticache")
Cache("AWS::ElastiCache::ReplicationGroup", "elasticache")
Database("AWS::RDS::DBInstance", "rds")
Alarm("AWS::CloudWatch::Alarm", "cloudwatch")
Scale("AWS::ApplicationAutoScaling::ScalableTarget", "application-autoscaling")
ScalingPolicy("AWS::ApplicationAutoScaling::ScalingPolicy", "application-autoscaling")
TaskDefinition("AWS::ECS::TaskDefinition", "ecs")
Service("AWS::ECS::Service", "ecs")

if len(sys.argv) > 2:
    import fargate
    fargate.start(sys.argv[2])
main(["-H", "127.0.0.1", "-p", PORT])
