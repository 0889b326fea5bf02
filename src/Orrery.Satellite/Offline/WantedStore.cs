using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;

namespace Orrery.Satellite.Offline;

/// <summary>
/// Where the copy of what is wanted stands: Secrets of the cluster, as it holds tenants' Secrets. The first has the digest of the whole and its first part, and is written last; the
/// others have the digest in their names. So one write goes from a whole copy to the next, whoever is killed when.
/// </summary>
/// <param name="dataPlane">Whose copy it is.</param>
/// <param name="served">Of which control plane, as the first part says.</param>
internal sealed class WantedStore(KubeClient cluster, string dataPlane, ServedControlPlane served)
{
    private const string Prefix = "orrery-wanted-";
    private const string Label = "orrery.dev/wanted";
    private const string DigestAnnotation = "orrery.dev/digest";
    private const string CountAnnotation = "orrery.dev/parts";
    private const string UnmarkedAnnotation = "orrery.dev/serves-unmarked";
    private const string Member = "part";

    private static readonly string First = WantedCopy.PartName(Prefix, 0);
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    /// <summary>Names of the parts that stand there besides the first; null where that is not known.</summary>
    private List<string>? others;

    public static string DigestOf(byte[] copy) => Convert.ToHexStringLower(SHA256.HashData(copy));

    /// <summary>Puts it in the place of the one that is there; an empty one leaves none.</summary>
    /// <exception cref="StatusException">The cluster does not take it. The former is there still, or this one.</exception>
    public async Task WriteAsync(byte[] copy, string digest, CancellationToken cancellationToken)
    {
        // 1. All but the first, beside those that are there.
        IReadOnlyList<byte[]> parts = WantedCopy.Split(copy);
        List<string> names = [.. parts.Skip(1).Select((_, i) => WantedCopy.PartName($"{Prefix}{digest[..16]}-", i + 1))];
        List<string>? former = others;
        others = null;
        for (int i = 1; i < parts.Count; i++)
        {
            await PutAsync(names[i - 1], parts[i], digest, parts.Count, cancellationToken).ConfigureAwait(false);
        }

        // 2. The first: from here on it is this one. Of nothing there is none.
        await (parts.Count == 0 ? DeleteAsync(First, cancellationToken) : PutAsync(First, parts[0], digest, parts.Count, cancellationToken)).ConfigureAwait(false);

        // 3. What is of others goes, also of a process before this one.
        former ??= [.. (await ListAsync(cancellationToken).ConfigureAwait(false)).Select(p => p.Name)];
        foreach (string name in former.Except([First, .. names]))
        {
            await DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }

        others = names;
    }

    /// <returns>With what was known of the control plane then; null when there is none that is whole.</returns>
    /// <exception cref="FormatException">What is there is no copy.</exception>
    public async Task<(byte[] Copy, ControlPlaneMarks By)?> ReadAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<KubeObject> found = await ListAsync(cancellationToken).ConfigureAwait(false);
        if (found.FirstOrDefault(p => p.Name == First) is not { } first || first.Annotations.GetValueOrDefault(DigestAnnotation) is not { } digest)
        {
            return null;
        }

        KubeObject[] parts =
        [
            first,
            .. found.Where(p => p.Name != First && p.Annotations.GetValueOrDefault(DigestAnnotation) == digest).OrderBy(p => p.Name, StringComparer.Ordinal),
        ];
        if (first.Annotations.GetValueOrDefault(CountAnnotation) != parts.Length.ToString(CultureInfo.InvariantCulture))
        {
            return null;
        }

        byte[] copy = [.. parts.SelectMany(p => Convert.FromBase64String(p.TextAt("data", Member) ?? ""))];
        var by = new ControlPlaneMarks(
            first.Annotations.GetValueOrDefault(OrreryNames.ControlPlaneAnnotation) ?? "", first.Annotations.GetValueOrDefault(UnmarkedAnnotation) is not "false");
        return DigestOf(copy) == digest ? (copy, by) : null;
    }

    private async Task<IReadOnlyList<KubeObject>> ListAsync(CancellationToken cancellationToken) =>
        (await cluster.ListAsync(Secrets, JoinNames.SystemNamespace, new ListQuery { LabelSelector = $"{Label}={dataPlane}" }, cancellationToken).ConfigureAwait(false)).Items;

    private async Task PutAsync(string name, byte[] part, string digest, int count, CancellationToken cancellationToken)
    {
        ControlPlaneMarks by = served.Marks;
        var secret = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = JoinNames.SystemNamespace,
                ["labels"] = new JsonObject { [Label] = dataPlane },
                ["annotations"] = new JsonObject
                {
                    [DigestAnnotation] = digest,
                    [CountAnnotation] = count.ToString(CultureInfo.InvariantCulture),
                    [OrreryNames.ControlPlaneAnnotation] = by.Id,
                    [UnmarkedAnnotation] = by.ServesUnmarked ? "true" : "false",
                },
            },
            ["type"] = "Opaque",
            ["data"] = new JsonObject { [Member] = Convert.ToBase64String(part) },
        };
        try
        {
            await cluster.UpdateAsync(Secrets, JoinNames.SystemNamespace, name, secret, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            await SystemNamespace.EnsureAsync(cluster, cancellationToken).ConfigureAwait(false);
            await cluster.CreateAsync(Secrets, JoinNames.SystemNamespace, secret, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await cluster.DeleteAsync(Secrets, JoinNames.SystemNamespace, name, null, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }
    }
}
