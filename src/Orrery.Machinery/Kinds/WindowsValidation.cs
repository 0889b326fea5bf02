using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for pods that say for which operating system they are, and for the options of Windows.</summary>
internal static partial class WindowsValidation
{
    private const int LargestCredential = 64 * 1024;

    /// <summary>What means nothing to Windows: members of a pod's spec, of its security context, and of a container's.</summary>
    private static readonly string[] NotOfPods = ["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"];

    private static readonly string[] NotOfContexts =
    [
        "appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
    ];

    private static readonly string[] NotOfContainers =
    [
        "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
    ];

    public static void ValidateSystem(JsonObject spec, string path, Faults faults)
    {
        if (spec.Child("os") is not { } system)
        {
            return;
        }

        switch (system.Text("name"))
        {
            case "":
                faults.Required(path + ".os.name", "cannot be empty");
                break;
            case "linux":
                ForEachContext(spec, path, (context, at) => Forbid(context, ["windowsOptions"], at, "windows options cannot be set for a linux pod", faults), includePod: true);
                break;
            case "windows":
                Forbid(spec, NotOfPods, path, "cannot be set for a windows pod", faults);
                if (spec.Child("securityContext") is { } pod)
                {
                    Forbid(pod, NotOfContexts, path + ".securityContext", "cannot be set for a windows pod", faults);
                }

                ForEachContext(spec, path, (context, at) => Forbid(context, NotOfContainers, at, "cannot be set for a windows pod", faults), includePod: false);
                break;
            case var other:
                faults.NotSupported(path + ".os", other, "linux", "windows");
                break;
        }
    }

    /// <summary>Containers of the node itself: all of a pod or none.</summary>
    public static void ValidateHostProcess(JsonObject spec, string path, Faults faults)
    {
        bool? whole = spec.Child("securityContext")?.Child("windowsOptions")?.FlagAt("hostProcess");
        int count = 0, host = 0;
        foreach ((JsonObject container, string at) in Containers(spec, path))
        {
            count++;
            bool? own = container.Child("securityContext")?.Child("windowsOptions")?.FlagAt("hostProcess");
            if (whole is { } pod && own is { } said && said != pod)
            {
                faults.Invalid(at + ".securityContext.windowsOptions.hostProcess", said, $"pod hostProcess value must be identical if both are specified, was {(pod ? "true" : "false")}");
            }

            host += (own ?? whole) == true ? 1 : 0;
        }

        if (host == 0)
        {
            return;
        }

        if (host != count)
        {
            faults.Invalid(path, "", "If pod contains any hostProcess containers then all containers must be HostProcess containers");
        }

        if (!spec.Flag("hostNetwork"))
        {
            faults.Invalid(path + ".hostNetwork", false, "hostNetwork must be true if pod contains any hostProcess containers");
        }
    }

    public static void ValidateOptions(JsonObject? options, string path, Faults faults)
    {
        if (options is null)
        {
            return;
        }

        if (options.Has("gmsaCredentialSpecName"))
        {
            faults.All(path + ".gmsaCredentialSpecName", options.Text("gmsaCredentialSpecName"), Names.CheckDns1123Subdomain(options.Text("gmsaCredentialSpecName")));
        }

        if (options.Has("gmsaCredentialSpec") && options.Text("gmsaCredentialSpec").Length is 0 or > LargestCredential)
        {
            faults.Invalid(path + ".gmsaCredentialSpec", options["gmsaCredentialSpec"], options.Text("gmsaCredentialSpec").Length == 0 ? "gmsaCredentialSpec cannot be an empty string" : "gmsaCredentialSpec size must be under 64 KiB");
        }

        if (options.Has("runAsUserName"))
        {
            string name = options.Text("runAsUserName");
            faults.All(path + ".runAsUserName", name, CheckUser(name));
        }
    }

    private static IEnumerable<string> CheckUser(string name)
    {
        string[] parts = name.Split('\\');
        if (name.Length == 0 || name.Any(char.IsControl) || parts.Length > 2)
        {
            yield return name.Length == 0 ? "runAsUserName cannot be an empty string"
                : name.Any(char.IsControl) ? "runAsUserName cannot contain control characters"
                : "runAsUserName cannot contain more than one backslash";
            yield break;
        }

        string user = parts[^1];
        string? domain = parts.Length == 2 ? parts[0] : null;
        if (domain?.Length >= 256)
        {
            yield return "runAsUserName's Domain length must be under 256 characters";
        }

        if (domain is not null && !NetBios().IsMatch(domain) && !Dns().IsMatch(domain))
        {
            yield return "runAsUserName's Domain doesn't match the NetBios nor the DNS format";
        }

        if (user.Length is 0 or > 104)
        {
            yield return user.Length == 0 ? "runAsUserName's User cannot be empty" : "runAsUserName's User length must not be longer than 104 characters";
        }

        if (user.Length > 0 && user.All(c => c is '.' or ' '))
        {
            yield return "runAsUserName's User cannot contain only periods or spaces";
        }

        if (user.AsSpan().ContainsAny("\"/\\:;|=,+*?<>@[]"))
        {
            yield return "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]";
        }
    }

    private static void ForEachContext(JsonObject spec, string path, Action<JsonObject, string> look, bool includePod)
    {
        if (includePod && spec.Child("securityContext") is { } pod)
        {
            look(pod, path + ".securityContext");
        }

        foreach ((JsonObject container, string at) in Containers(spec, path))
        {
            if (container.Child("securityContext") is { } context)
            {
                look(context, at + ".securityContext");
            }
        }
    }

    /// <summary>In upstream's order: those that run first come first.</summary>
    private static IEnumerable<(JsonObject Container, string Path)> Containers(JsonObject spec, string path) =>
        new[] { "initContainers", "containers", "ephemeralContainers" }.SelectMany(list => spec.Items(list).Select((c, i) => (c, $"{path}.{list}[{i}]")));

    private static void Forbid(JsonObject o, string[] members, string path, string why, Faults faults)
    {
        foreach (string member in members)
        {
            // Of the flags that Go cannot tell from absent ones only true counts.
            if (o[member] is { } value && !(member is "hostPID" or "hostIPC" && !o.Flag(member)) && value is not JsonArray { Count: 0 })
            {
                faults.Forbidden($"{path}.{member}", why);
            }
        }
    }

    [GeneratedRegex("""\A[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}\z""")]
    private static partial Regex NetBios();

    [GeneratedRegex(@"\A[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\z")]
    private static partial Regex Dns();
}
