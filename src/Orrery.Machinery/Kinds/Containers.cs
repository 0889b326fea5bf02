using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Defaults of a container.</summary>
internal static class Containers
{
    public static void Default(JsonObject container)
    {
        foreach (JsonObject port in container.Items("ports"))
        {
            port.FillText("protocol", "TCP");
        }

        foreach (JsonObject variable in container.Items("env"))
        {
            if (variable.Child("valueFrom") is { } source)
            {
                source.Child("fieldRef")?.FillText("apiVersion", "v1");
                source.Child("fileKeyRef")?.Fill("optional", false);
            }
        }

        container.Fill("resources", new JsonObject());
        foreach (string probe in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Child(probe) is { } found)
            {
                DefaultProbe(found);
            }
        }

        if (container.Child("lifecycle") is { } lifecycle)
        {
            DefaultHttpGet(lifecycle.Child("postStart")?.Child("httpGet"));
            DefaultHttpGet(lifecycle.Child("preStop")?.Child("httpGet"));
        }

        container.FillText("terminationMessagePath", "/dev/termination-log");
        container.FillText("terminationMessagePolicy", "File");
        container.FillText("imagePullPolicy", PullPolicy(container.Text("image")));
    }

    /// <summary>An image that may move under its name is pulled each time.</summary>
    public static string PullPolicy(string image)
    {
        // An image that does not parse has no tag; upstream goes on with the cheaper policy.
        if (image.Length == 0 || image.AsSpan().ContainsAny(' ', '\t', '\n'))
        {
            return "IfNotPresent";
        }

        bool hasDigest = image.Contains('@', StringComparison.Ordinal);
        string name = hasDigest ? image[..image.IndexOf('@', StringComparison.Ordinal)] : image;
        int colon = name.LastIndexOf(':');
        string tag = colon > name.LastIndexOf('/') ? name[(colon + 1)..] : hasDigest ? "" : "latest";
        return tag == "latest" ? "Always" : "IfNotPresent";
    }

    private static void DefaultProbe(JsonObject probe)
    {
        DefaultHttpGet(probe.Child("httpGet"));
        probe.Child("grpc")?.Fill("service", "");
        FillPositive(probe, "timeoutSeconds", 1);
        FillPositive(probe, "periodSeconds", 10);
        FillPositive(probe, "successThreshold", 1);
        FillPositive(probe, "failureThreshold", 3);
    }

    private static void DefaultHttpGet(JsonObject? get)
    {
        get?.FillText("path", "/");
        get?.FillText("scheme", "HTTP");
    }

    private static void FillPositive(JsonObject o, string name, int value)
    {
        if (o.Number(name) is null or 0)
        {
            o[name] = value;
        }
    }
}
