using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for probes and for what is run when a container starts and stops.</summary>
internal static class ProbeValidation
{
    private static readonly string[] OfProbes = ["exec", "httpGet", "tcpSocket", "grpc"];
    private static readonly string[] OfLifecycle = ["exec", "httpGet", "tcpSocket", "sleep"];

    /// <param name="grace">The pod's <c>terminationGracePeriodSeconds</c>.</param>
    public static void Validate(JsonObject container, string path, long? grace, Faults faults)
    {
        if (container.Child("lifecycle") is { } lifecycle)
        {
            ValidateHandler(lifecycle.Child("postStart"), OfLifecycle, path + ".lifecycle.postStart", grace, faults);
            ValidateHandler(lifecycle.Child("preStop"), OfLifecycle, path + ".lifecycle.preStop", grace, faults);
        }

        foreach (string kind in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Child(kind) is { } probe)
            {
                ValidateProbe(probe, kind == "readinessProbe", $"{path}.{kind}", grace, faults);
            }
        }
    }

    private static void ValidateProbe(JsonObject probe, bool isReadiness, string path, long? grace, Faults faults)
    {
        ValidateHandler(probe, OfProbes, path, grace, faults);
        foreach (string count in new[] { "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold" })
        {
            faults.MayNotBeNegative($"{path}.{count}", probe.Number(count));
        }

        if (probe.Number("terminationGracePeriodSeconds") is <= 0 and var seconds)
        {
            faults.Invalid(path + ".terminationGracePeriodSeconds", seconds, "must be greater than 0");
        }

        if (isReadiness && probe.Has("terminationGracePeriodSeconds"))
        {
            faults.Invalid(path + ".terminationGracePeriodSeconds", probe["terminationGracePeriodSeconds"], "must not be set for readinessProbes");
        }

        if (!isReadiness && (probe.Number("successThreshold") ?? 1) != 1)
        {
            faults.Invalid(path + ".successThreshold", probe["successThreshold"], "must be 1");
        }
    }

    private static void ValidateHandler(JsonObject? handler, string[] kinds, string path, long? grace, Faults faults)
    {
        if (handler is null)
        {
            return;
        }

        int found = 0;
        foreach (string kind in kinds)
        {
            if (handler.Child(kind) is not { } action)
            {
                continue;
            }

            if (++found > 1)
            {
                faults.Forbidden($"{path}.{kind}", "may not specify more than 1 handler type");
                continue;
            }

            ValidateAction(kind, action, $"{path}.{kind}", grace, faults);
        }

        if (found == 0)
        {
            faults.Required(path, "must specify a handler type");
        }
    }

    private static void ValidateAction(string kind, JsonObject action, string path, long? grace, Faults faults)
    {
        switch (kind)
        {
            case "exec" when action.Count("command") == 0:
                faults.Required(path + ".command");
                break;
            case "httpGet":
                faults.Need(action, path, "path");
                ContainerValidation.ValidatePort(action["port"], path + ".port", faults);
                faults.OneOf(path + ".scheme", action.Text("scheme"), "HTTP", "HTTPS");
                foreach (JsonObject header in action.Items("httpHeaders"))
                {
                    faults.All(path + ".httpHeaders", header.Text("name"), Names.CheckHttpHeader(header.Text("name")));
                }

                break;
            case "tcpSocket":
                ContainerValidation.ValidatePort(action["port"], path + ".port", faults);
                break;
            case "grpc":
                faults.All(path + ".port", action.Number("port") ?? 0, Names.CheckPortNumber(action.Number("port") ?? 0));
                break;
            case "sleep" when grace is { } most && (action.Number("seconds") ?? 0) is var seconds && (seconds < 0 || seconds > most):
                faults.Invalid(path, seconds, $"must be non-negative and less than terminationGracePeriodSeconds ({most})");
                break;
        }
    }
}
