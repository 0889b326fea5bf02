using Orrery.Server.Admission.PodSecurity;
using Orrery.Server.Configuration;

namespace Orrery.Server.Admission;

/// <summary>
/// What admission plugins are told at the start: Kubernetes' AdmissionConfiguration (<c>apiserver.config.k8s.io</c>). Of the plugins here,
/// <c>PodSecurity</c> can be told something; a configuration of another is refused, since nothing would follow it.
/// </summary>
public sealed class AdmissionConfiguration
{
    private AdmissionConfiguration(PodSecurityConfiguration podSecurity) => PodSecurity = podSecurity;

    /// <summary>Nobody said anything.</summary>
    public static AdmissionConfiguration None { get; } = new(PodSecurityConfiguration.None);

    internal PodSecurityConfiguration PodSecurity { get; }

    /// <param name="yaml">YAML or JSON.</param>
    /// <param name="read">The content of a file that a <c>path</c> names.</param>
    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static AdmissionConfiguration Parse(string yaml, Func<string, string> read)
    {
        var fields = ConfigurationFields.Parse(yaml, "apiserver.config.k8s.io", "AdmissionConfiguration", "v1", "v1alpha1");
        fields.RequireOnly("apiVersion", "kind", "plugins");
        PodSecurityConfiguration? podSecurity = null;
        foreach (ConfigurationFields plugin in fields.List("plugins"))
        {
            plugin.RequireOnly("name", "path", "configuration");
            string name = plugin.Required("name");
            if (name != "PodSecurity")
            {
                throw new FormatException($"{plugin.Path("name")}: \"{name}\": only PodSecurity can be configured here");
            }

            if (podSecurity is not null)
            {
                throw new FormatException($"{plugin.Path("name")}: Duplicate value: \"{name}\"");
            }

            podSecurity = ReadPodSecurity(plugin, read);
        }

        return podSecurity is null ? None : new AdmissionConfiguration(podSecurity);
    }

    /// <summary>As upstream: what stands inside counts, else what the path names.</summary>
    private static PodSecurityConfiguration ReadPodSecurity(ConfigurationFields plugin, Func<string, string> read)
    {
        const string Group = "pod-security.admission.config.k8s.io", Kind = "PodSecurityConfiguration";
        if (plugin.Child("configuration") is { } inside)
        {
            return inside.Text("kind") == Kind && inside.Text("apiVersion") is Group + "/v1" or Group + "/v1beta1" or Group + "/v1alpha1"
                ? PodSecurityConfiguration.Read(inside)
                : throw new FormatException($"{inside.At}: want kind {Kind} of {Group}/v1");
        }

        return plugin.Text("path") is { Length: > 0 } path ? PodSecurityConfiguration.Read(ConfigurationFields.Parse(read(path), Group, Kind, "v1", "v1beta1", "v1alpha1")) : PodSecurityConfiguration.None;
    }
}
