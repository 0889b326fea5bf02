using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Networking;

internal sealed class IngressRule : KindRule
{
    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override void Default(JsonObject o)
    {
        o.ObjectAt("spec");
        o.ObjectAt("status").ObjectAt("loadBalancer");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Count("rules") == 0 && !spec.Has("defaultBackend"))
        {
            faults.Invalid("spec", spec["rules"], "either `defaultBackend` or `rules` must be specified");
        }

        ValidateBackend(spec.Child("defaultBackend"), "spec.defaultBackend", faults);
        int i = 0;
        foreach (JsonObject rule in spec.Items("rules"))
        {
            string at = $"spec.rules[{i++}]";
            ValidateHost(rule.Text("host"), at + ".host", faults);
            ValidatePaths(rule.Child("http"), at + ".http.paths", faults);
        }

        i = 0;
        foreach (JsonObject tls in spec.Items("tls"))
        {
            int h = 0;
            foreach (string host in tls.Texts("hosts"))
            {
                string at = $"spec.tls[{i}].hosts[{h++}]";
                faults.All(at, host, host.Contains('*', StringComparison.Ordinal) ? Names.CheckWildcardSubdomain(host) : Names.CheckDns1123Subdomain(host));
            }

            i++;
        }

        if (spec.Text("ingressClassName") is { Length: > 0 } name)
        {
            faults.All("spec.ingressClassName", name, Names.CheckDns1123Subdomain(name));
        }
    }

    private static void ValidateHost(string host, string path, Faults faults)
    {
        if (host.Length == 0)
        {
            return;
        }

        if (Addresses.IsIp(host))
        {
            faults.Invalid(path, host, "must be a DNS name, not an IP address");
        }

        faults.All(path, host, host.Contains('*', StringComparison.Ordinal) ? Names.CheckWildcardSubdomain(host) : Names.CheckDns1123Subdomain(host));
    }

    private static void ValidatePaths(JsonObject? http, string path, Faults faults)
    {
        if (http is null)
        {
            return;
        }

        if (http.Count("paths") == 0)
        {
            faults.Required(path);
        }

        int i = 0;
        foreach (JsonObject item in http.Items("paths"))
        {
            string at = $"{path}[{i++}]";
            string value = item.Text("path");
            switch (item.Text("pathType"))
            {
                case "":
                    faults.Required(at + ".pathType", "pathType must be specified");
                    break;
                case "Exact" or "Prefix" when !value.StartsWith('/'):
                case "ImplementationSpecific" when value.Length > 0 && !value.StartsWith('/'):
                    faults.Invalid(at + ".path", value, "must be an absolute path");
                    break;
                case "Exact" or "Prefix" or "ImplementationSpecific":
                    break;
                case var other:
                    faults.NotSupported(at + ".pathType", other, "Exact", "ImplementationSpecific", "Prefix");
                    break;
            }

            ValidateBackend(item.ObjectAt("backend"), at + ".backend", faults);
        }
    }

    private static void ValidateBackend(JsonObject? backend, string path, Faults faults)
    {
        if (backend is null)
        {
            return;
        }

        if (backend.Child("service") is not { } service)
        {
            if (!backend.Has("resource"))
            {
                faults.Required(path, "resource or service backend is required");
            }

            return;
        }

        if (backend.Has("resource"))
        {
            faults.Invalid(path, "", "cannot set both resource and service backends");
            return;
        }

        string at = path + ".service";
        if (service.Text("name") is { Length: > 0 } name)
        {
            faults.All(at + ".name", name, Names.CheckDns1035Label(name));
        }
        else
        {
            faults.Required(at + ".name");
        }

        JsonObject? port = service.Child("port");
        if (port?.Text("name") is { Length: > 0 } portName)
        {
            faults.All(at + ".port.name", portName, Names.CheckPortName(portName));
        }
        else if (port?.Number("number") is { } number and not 0)
        {
            faults.All(at + ".port.number", number, Names.CheckPortNumber(number));
        }
        else
        {
            faults.Required(at, "port name or number is required");
        }
    }
}

internal sealed class IngressClassRule : KindRule
{
    public override bool CountsGeneration => true;

    public override void Default(JsonObject o) => o.ObjectAt("spec").Child("parameters")?.FillText("scope", "Cluster");

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults) =>
        faults.MayNotChange("spec.controller", o.Child("spec")?["controller"], old.Child("spec")?["controller"]);
}
