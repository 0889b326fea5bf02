using System.Text;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>The texts with which upstream refuses a body (apiserver <c>pkg/endpoints/handlers/rest.go</c>, transformDecodeError).</summary>
public static class DecodingFaults
{
    private const int SummaryLength = 30;

    /// <summary>400 for a body that is not even an object with a kind.</summary>
    /// <param name="kind">What the endpoint takes.</param>
    public static StatusException Unrecognized(string kind, string why, ReadOnlySpan<byte> body) =>
        ApiErrors.BadRequest($"the object provided is unrecognized (must be of type {kind}): {why} ({Summary(body)})");

    /// <summary>400 for an object that says what it is, and cannot be taken as what the endpoint takes.</summary>
    /// <remarks>The inner exception has the bare reason.</remarks>
    public static StatusException CannotBeHandled(GroupVersionKind said, string kind, string why) => new(
        ApiErrors.BadRequest($"{said.Kind} in version \"{said.Version}\" cannot be handled as a {kind}: {why}").Status, new FormatException(why));

    /// <summary>400 under <c>fieldValidation=Strict</c>.</summary>
    public static StatusException Strict(GroupVersionKind said, string kind, IReadOnlyList<string> faults) =>
        CannotBeHandled(said, kind, StrictMessage(faults));

    /// <summary><c>strict decoding error: …</c> with all faults: also the text of a patch whose outcome has such faults.</summary>
    public static string StrictMessage(IReadOnlyList<string> faults) => $"strict decoding error: {string.Join(", ", faults)}";

    private static string Summary(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return "<empty>";
        }

        ReadOnlySpan<byte> head = body.Length > SummaryLength ? body[..SummaryLength] : body;
        string text = body[0] == '{' ? Encoding.UTF8.GetString(head) : Convert.ToHexStringLower(head);
        return body.Length > SummaryLength ? text + " ..." : text;
    }
}
