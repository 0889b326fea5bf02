using System.Text.Json.Nodes;
using Orrery.Helm.Charts;

namespace Orrery.Controllers.Bundles;

/// <summary>What a Release holds.</summary>
/// <param name="Digest">SHA-256 of it, as <c>sha256:…</c>.</param>
internal abstract record Bundle(string Digest);

/// <summary>Objects as they are.</summary>
/// <param name="Objects">Not to be changed: shared by all who render it.</param>
internal sealed record ManifestBundle(string Digest, IReadOnlyList<JsonObject> Objects) : Bundle(Digest);

/// <summary>A Helm chart.</summary>
/// <param name="MayLookUp">Whether its templates see what is in the data plane.</param>
internal sealed record ChartBundle(string Digest, Chart Chart, bool MayLookUp) : Bundle(Digest);
