using System.Text;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>Builds request paths and queries.</summary>
internal static class ResourcePath
{
    /// <param name="ns">Empty for cluster-scoped objects, and for a list over all namespaces.</param>
    /// <param name="name">Empty for the collection.</param>
    public static string Of(GroupVersionResource resource, string ns, string name = "", string? subresource = null)
    {
        var path = new StringBuilder(resource.GroupVersionPath);
        if (ns.Length > 0)
        {
            path.Append("/namespaces/").Append(Segment(ns));
        }

        path.Append('/').Append(resource.Resource);
        if (name.Length > 0)
        {
            path.Append('/').Append(Segment(name));
        }

        return subresource is null ? path.ToString() : path.Append('/').Append(subresource).ToString();
    }

    /// <summary>Appends the parameters whose value is not null or empty.</summary>
    public static string Query(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        StringBuilder? text = null;
        foreach ((string name, string? value) in parameters)
        {
            if (!string.IsNullOrEmpty(value))
            {
                text = text is null ? new StringBuilder(path).Append('?') : text.Append('&');
                text.Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        return text?.ToString() ?? path;
    }

    /// <summary>Names such as <c>system:admin</c> go as they are: a colon is allowed in a path segment.</summary>
    private static string Segment(string name)
    {
        string escaped = Uri.EscapeDataString(name).Replace("%3A", ":", StringComparison.Ordinal);
        return escaped is "." or ".." ? throw new ArgumentException($"'{name}' is no name of an object") : escaped;
    }
}
