using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Upstream: kube-aggregator's <c>pkg/apis/apiregistration/validation</c>.</summary>
internal sealed class ApiServiceRule : KindRule
{
    public override bool HasStatus => true;

    public override bool ChecksFinalizerOwners => false;

    /// <summary>The core version's name ends in a dot.</summary>
    public override IReadOnlyList<string> CheckName(string name) => Names.CheckPathSegment(name);

    public override void Default(JsonObject o)
    {
        o.ObjectAt("spec").Child("service")?.Fill("port", 443);
        o.ObjectAt("status");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        string group = spec.Text("group"), version = spec.Text("version"), required = $"{version}.{group}";
        if (o.Name != required)
        {
            faults.Invalid("metadata.name", o.Name, $"must be `spec.version+\".\"+spec.group`: \"{required}\"");
        }

        if (group.Length > 0)
        {
            faults.All("spec.group", group, Names.CheckDns1123Subdomain(group));
        }
        else if (version != "v1")
        {
            faults.Required("spec.group", "only v1 may have an empty group and it better be legacy kube");
        }

        faults.All("spec.version", version, Names.CheckDns1035Label(version));
        Priority(spec, "groupPriorityMinimum", 20_000, faults);
        Priority(spec, "versionPriority", 1000, faults);
        Service(spec, faults);
    }

    private static void Priority(JsonObject spec, string member, int most, Faults faults)
    {
        long value = spec.Number(member) ?? 0;
        if (value <= 0 || value > most)
        {
            faults.Invalid("spec." + member, value, $"must be positive and less than {most}");
        }
    }

    private static void Service(JsonObject spec, Faults faults)
    {
        string bundle = spec.Text("caBundle");
        if (spec.Child("service") is not { } service)
        {
            if (bundle.Length > 0)
            {
                faults.Invalid("spec.caBundle", $"{Convert.FromBase64String(bundle).Length} bytes", "local APIServices may not have a caBundle");
            }

            if (spec.Flag("insecureSkipTLSVerify"))
            {
                faults.Invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify");
            }

            return;
        }

        foreach (string member in new[] { "namespace", "name" })
        {
            if (service.Text(member).Length == 0)
            {
                faults.Required("spec.service." + member);
            }
        }

        if (Names.CheckPortNumber(service.Number("port") ?? 0) is { Count: > 0 } bad)
        {
            faults.Invalid("spec.service.port", service.Number("port") ?? 0, "port is not valid: " + string.Join(",", bad));
        }

        if (spec.Flag("insecureSkipTLSVerify") && bundle.Length > 0)
        {
            faults.Invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present");
        }
    }
}
