using Orrery.Api;

namespace Orrery.Server.Admission;

/// <summary>Something that an operator can switch off.</summary>
internal interface INamedPlugin
{
    /// <summary>As upstream's <c>--disable-admission-plugins</c> calls it.</summary>
    string Name => GetType().Name;
}

/// <summary>A rule about writes that is no part of a kind's own validation, asked while the object may still be changed: before the kind has prepared and validated it.</summary>
internal interface IMutatingPlugin : INamedPlugin
{
    /// <summary>Lets the write pass, changes its object, or refuses it.</summary>
    /// <exception cref="StatusException">Refused.</exception>
    ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken);
}

/// <summary>A rule about writes, asked about the very object that is to be stored: after its kind has validated it.</summary>
internal interface IValidatingPlugin : INamedPlugin
{
    /// <summary>Lets the write pass or refuses it; changes nothing of it.</summary>
    /// <exception cref="StatusException">Refused.</exception>
    ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken);
}

/// <summary>What admission has to say about a write that it does not refuse.</summary>
internal interface IAdmissionNotes
{
    /// <summary>A Warning header of the answer; the same text is said once.</summary>
    void Warn(string text);

    /// <summary>An annotation of the request's audit event.</summary>
    /// <param name="key">Qualified name, such as <c>policy.example.com/reason</c>.</param>
    void Annotate(string key, string value);

    /// <summary>An annotation that is for events which hold the request's body too.</summary>
    /// <param name="value">Made only where such an event is kept.</param>
    void AnnotateContent(string key, Func<string> value);

    /// <summary>The write was held up by a webhook for so long.</summary>
    void Waited(bool isMutating, TimeSpan took);
}

/// <summary>For writes that nobody waits for.</summary>
internal sealed class NoNotes : IAdmissionNotes
{
    public static NoNotes Instance { get; } = new();

    public void Warn(string text)
    {
    }

    public void Annotate(string key, string value)
    {
    }

    public void AnnotateContent(string key, Func<string> value)
    {
    }

    public void Waited(bool isMutating, TimeSpan took)
    {
    }
}
