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

            if (tls.Text("secretName") is { Length: > 0 } secret)
            {
                faults.All($"spec.tls[{i}].secretName", secret, Names.CheckDns1123Subdomain(secret));
            }

            i++;
        }

        if (spec.Text("ingressClassName") is { Length: > 0 } name)
        {
            faults.All("spec.ingressClassName", name, Names.CheckDns1123Subdomain(name));
        }
    }

    public override void ValidateCreate(JsonObject o, Faults faults)
    {
        const string ClassAnnotation = "kubernetes.io/ingress.class";
        if (o.ObjectAt("spec").Has("ingressClassName") && o.Metadata.TextMap("annotations").TryGetValue(ClassAnnotation, out string? named))
        {
            faults.Invalid($"metadata.annotations.{ClassAnnotation}", named, "can not be set when the class field is also set");
        }

        Validate(o, faults);
    }

    /// <summary>Each would be read in more than one way.</summary>
    private static readonly string[] Ambiguous = ["//", "/./", "/../", "%2f", "%2F"], AmbiguousEnds = ["/..", "/."];

    private static void ValidatePlain(string value, string path, Faults faults)
    {
        foreach (string part in Ambiguous.Where(part => value.Contains(part, StringComparison.Ordinal)))
        {
            faults.Invalid(path, value, $"must not contain '{part}'");
        }

        foreach (string end in AmbiguousEnds.Where(end => value.EndsWith(end, StringComparison.Ordinal)))
        {
            faults.Invalid(path, value, $"cannot end with '{end}'");
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
                    // Upstream looks no further.
                    faults.Required(at + ".pathType", "pathType must be specified");
                    continue;
                case "Exact" or "Prefix" when !value.StartsWith('/'):
                    faults.Invalid(at + ".path", value, "must be an absolute path");
                    ValidatePlain(value, at + ".path", faults);
                    break;
                case "ImplementationSpecific" when value.Length > 0 && !value.StartsWith('/'):
                    faults.Invalid(at + ".path", value, "must be an absolute path");
                    break;
                case "Exact" or "Prefix":
                    ValidatePlain(value, at + ".path", faults);
                    break;
                case "ImplementationSpecific":
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
            if (backend.Child("resource") is { } resource)
            {
                TypedReferences.Validate(resource, path + ".resource", faults);
            }
            else
            {
                faults.Invalid(path, "", "resource or service backend is required");
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
        if (port?.Text("name") is { Length: > 0 } && port.Number("number") is not (null or 0))
        {
            faults.Invalid(path, "", "cannot set both port name & port number");
        }
        else if (port?.Text("name") is { Length: > 0 } portName)
        {
            faults.All(at + ".port.name", portName, Names.CheckPortName(portName));
        }
        else if (port?.Number("number") is { } number and not 0)
        {
            faults.All(at + ".port.number", number, Names.CheckPortNumber(number));
        }
        else
        {
            faults.Required(path, "port name or number is required");
        }
    }
}

internal sealed class IngressClassRule : KindRule
{
    public override bool CountsGeneration => true;

    public override void Default(JsonObject o) => o.ObjectAt("spec").Child("parameters")?.FillText("scope", "Cluster");

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Text("controller").Length > 250)
        {
            faults.Add(FieldError.TooLong("spec.controller", 250));
        }

        DomainPaths.Validate(spec.Text("controller"), "spec.controller", faults);
        if (spec.Child("parameters") is not { } parameters)
        {
            return;
        }

        const string At = "spec.parameters";
        TypedReferences.Validate(parameters, At, faults);
        string scope = parameters.Text("scope"), ns = parameters.Text("namespace");
        switch (scope)
        {
            case "Cluster" when parameters.Has("namespace"):
                faults.Forbidden(At + ".namespace", "`parameters.scope` is set to 'Cluster'");
                break;
            case "Namespace" when ns.Length == 0:
                faults.Required(At + ".namespace", "`parameters.scope` is set to 'Namespace'");
                break;
            case "Namespace":
                faults.All(At + ".namespace", ns, Names.CheckDns1123Label(ns));
                break;
            case "Cluster":
                break;
            default:
                faults.NotSupported(At + ".scope", scope, "Cluster", "Namespace");
                break;
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        faults.MayNotChange("spec.controller", o.Child("spec")?["controller"], old.Child("spec")?["controller"]);
    }
}
