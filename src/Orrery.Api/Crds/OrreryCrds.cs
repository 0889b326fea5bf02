using System.Reflection;
using Orrery.Api.Kinds;

namespace Orrery.Api.Crds;

/// <summary>The CustomResourceDefinition manifests of Orrery's own kinds, as they also apply to a stock Kubernetes cluster.</summary>
public static class OrreryCrds
{
    private const string Prefix = "crds/";

    /// <summary>File name (such as <c>works.yaml</c>) and YAML text of each manifest, sorted by name.</summary>
    public static IReadOnlyList<(string FileName, string Yaml)> All { get; } = Load();

    /// <summary>What a cluster serves once all of them are applied: each file is named after its resource.</summary>
    public static IEnumerable<GroupResource> Resources => All.Select(file => new GroupResource(OrreryResources.Group, Path.GetFileNameWithoutExtension(file.FileName)));

    private static List<(string, string)> Load()
    {
        Assembly assembly = typeof(OrreryCrds).Assembly;
        var all = new List<(string, string)>();
        foreach (string name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            using var reader = new StreamReader(stream);
            all.Add((name[Prefix.Length..], reader.ReadToEnd()));
        }

        return all;
    }
}
