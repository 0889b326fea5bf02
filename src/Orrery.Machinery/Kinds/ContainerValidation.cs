using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for a container.</summary>
internal static class ContainerValidation
{
    /// <param name="pod">The spec it stands in.</param>
    public static void Validate(JsonObject container, string path, JsonObject pod, IReadOnlyDictionary<string, JsonObject> volumes, Faults faults)
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
        ContainerMounts.Validate(container, path, volumes, faults);
        faults.OneOfOrRequired(path + ".imagePullPolicy", container.Text("imagePullPolicy"), "Always", "IfNotPresent", "Never");
        ResourceAmounts.ValidateContainer(container.Child("resources"), pod, path + ".resources", faults);
        ValidateResizePolicy(container, path + ".resizePolicy", pod.Text("restartPolicy"), faults);
    }

    /// <summary>A template may hold spaces around an image, for tools that fill it in; a pod may not.</summary>
    public static void ValidateImageOfPod(JsonObject container, string path, Faults faults)
    {
        string image = container.Text("image");
        if (image.Length != image.Trim().Length)
        {
            faults.Invalid(path + ".image", image, "must not have leading or trailing whitespace");
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

    private static void ValidateResizePolicy(JsonObject container, string path, string podRestart, Faults faults)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject policy in container.Items("resizePolicy"))
        {
            string resource = policy.Text("resourceName"), restart = policy.Text("restartPolicy");
            if (!seen.Add(resource))
            {
                faults.Duplicate($"{path}[{i}]", resource);
            }

            i++;
            faults.OneOfOrRequired(path, resource, "cpu", "memory");
            faults.OneOfOrRequired(path, restart, "NotRequired", "RestartContainer");
            if (podRestart == "Never" && restart != "NotRequired")
            {
                faults.Invalid(path, restart, "must be 'NotRequired' when `restartPolicy` is 'Never'");
            }
        }
    }
}
