using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for a container.</summary>
internal static class ContainerValidation
{
    public static void Validate(JsonObject container, string path, IReadOnlySet<string> volumes, Faults faults)
    {
        if (container.Text("name") is { Length: > 0 } name)
        {
            faults.All(path + ".name", name, Names.CheckDns1123Label(name));
        }
        else
        {
            faults.Required(path + ".name");
        }

        if (container.Text("image").Length == 0)
        {
            faults.Required(path + ".image");
        }

        faults.OneOfOrRequired(path + ".terminationMessagePolicy", container.Text("terminationMessagePolicy"), "FallbackToLogsOnError", "File");
        ValidatePorts(container, path + ".ports", faults);
        EnvironmentValidation.Validate(container, path, faults);
        ValidateMounts(container, path + ".volumeMounts", volumes, faults);
        faults.OneOfOrRequired(path + ".imagePullPolicy", container.Text("imagePullPolicy"), "Always", "IfNotPresent", "Never");
        ResourceAmounts.ValidateContainer(container.Child("resources"), path + ".resources", faults);
    }

    public static void ValidateProbes(JsonObject container, string path, Faults faults)
    {
        if (container.Child("lifecycle") is { } lifecycle)
        {
            ValidateHandler(lifecycle.Child("postStart"), path + ".lifecycle.postStart", faults);
            ValidateHandler(lifecycle.Child("preStop"), path + ".lifecycle.preStop", faults);
        }

        foreach (string kind in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Child(kind) is not { } probe)
            {
                continue;
            }

            string at = $"{path}.{kind}";
            ValidateHandler(probe, at, faults);
            foreach (string count in new[] { "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold" })
            {
                faults.MayNotBeNegative($"{at}.{count}", probe.Number(count));
            }

            if (kind != "readinessProbe" && (probe.Number("successThreshold") ?? 1) != 1)
            {
                faults.Invalid(at + ".successThreshold", probe["successThreshold"], "must be 1");
            }
        }
    }

    private static void ValidateHandler(JsonObject? handler, string path, Faults faults)
    {
        if (handler is null)
        {
            return;
        }

        int found = 0;
        foreach (string action in new[] { "exec", "httpGet", "tcpSocket", "grpc", "sleep" })
        {
            if (handler.Child(action) is not { } how)
            {
                continue;
            }

            string at = $"{path}.{action}";
            if (++found > 1)
            {
                faults.Forbidden(at, "may not specify more than 1 handler type");
                continue;
            }

            switch (action)
            {
                case "exec" when how.Count("command") == 0:
                    faults.Required(at + ".command");
                    break;
                case "httpGet":
                    if (how.Text("path").Length == 0)
                    {
                        faults.Required(at + ".path");
                    }

                    ValidatePort(how["port"], at + ".port", faults);
                    faults.OneOf(at + ".scheme", how.Text("scheme"), "HTTP", "HTTPS");
                    break;
                case "tcpSocket":
                    ValidatePort(how["port"], at + ".port", faults);
                    break;
                case "grpc":
                    faults.All(at + ".port", how.Number("port") ?? 0, Names.CheckPortNumber(how.Number("port") ?? 0));
                    break;
            }
        }

        if (found == 0)
        {
            faults.Required(path, "must specify a handler type");
        }
    }

    /// <summary>A number, or the name of a port.</summary>
    public static void ValidatePort(JsonNode? port, string path, Faults faults)
    {
        if (port.IsText)
        {
            faults.All(path, port.AsText(), Names.CheckPortName(port.AsText()));
        }
        else
        {
            long number = port is JsonValue v && v.TryGetValue(out long n) ? n : port is JsonValue w && w.TryGetValue(out int i) ? i : 0;
            faults.All(path, number, Names.CheckPortNumber(number));
        }
    }

    private static void ValidatePorts(JsonObject container, string path, Faults faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject port in container.Items("ports"))
        {
            string at = $"{path}[{i++}]";
            if (port.Text("name") is { Length: > 0 } name)
            {
                IReadOnlyList<string> wrong = Names.CheckPortName(name);
                faults.All(at + ".name", name, wrong);
                if (wrong.Count == 0 && !names.Add(name))
                {
                    faults.Duplicate(at + ".name", name);
                }
            }

            if (port.Number("containerPort") is { } number and not 0)
            {
                faults.All(at + ".containerPort", number, Names.CheckPortNumber(number));
            }
            else
            {
                faults.Required(at + ".containerPort");
            }

            if (port.Number("hostPort") is { } host and not 0)
            {
                faults.All(at + ".hostPort", host, Names.CheckPortNumber(host));
            }

            faults.OneOfOrRequired(at + ".protocol", port.Text("protocol"), "SCTP", "TCP", "UDP");
        }
    }

    private static void ValidateMounts(JsonObject container, string path, IReadOnlySet<string> volumes, Faults faults)
    {
        var places = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject mount in container.Items("volumeMounts"))
        {
            string at = $"{path}[{i++}]";
            string name = mount.Text("name");
            if (name.Length == 0)
            {
                faults.Required(at + ".name");
            }

            if (!volumes.Contains(name))
            {
                faults.NotFound(at + ".name", name);
            }

            string place = mount.Text("mountPath");
            if (place.Length == 0)
            {
                faults.Required(at + ".mountPath");
            }

            if (!places.Add(place))
            {
                faults.Invalid(at + ".mountPath", place, "must be unique");
            }

            VolumeValidation.ValidateDescending(mount.Text("subPath"), at + ".subPath", faults);
        }
    }
}
