using Orrery.Api;
using Orrery.Server.Admission;

namespace Orrery.Server.Handlers;

/// <summary>DELETE of a collection: every object that the list options choose (one page of them where they limit it), each as a delete of its own. Answers what was chosen.</summary>
internal static class DeleteCollectionHandler
{
    /// <summary>Deletes that are under way at once share their waits for the disk.</summary>
    private const int AtOnce = 8;

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        ListOptions options = ListOptions.Read(request.Query, watch: false);
        _ = Selection.Read(options, request.Resource);
        DeleteOptions delete = await DeleteHandler.ReadOptionsAsync(request, cancellationToken);
        AnswerForm form = AnswerForm.Read(request);

        (ListHead head, ListPage chosen) = await ListHandler.TakeAsync(request, options, cancellationToken);
        var notes = new SharedNotes(new ResponseNotes(request.Http));
        await Parallel.ForEachAsync(chosen.Items, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (item, token) =>
        {
            try
            {
                await request.Server.Deletion.DeleteAsync(DeleteHandler.Scope(request, item.Name, delete) with { Namespace = item.Namespace, Notes = notes, IsOfCollection = true }, delete, token);
            }
            catch (StatusException gone) when (gone.IsNotFound)
            {
                // Somebody else was faster.
            }
        });

        await ObjectResponse.WriteListAsync(request, form, head, chosen.Items, cancellationToken);
    }

    /// <summary>What admission has to say of several deletes at once.</summary>
    private sealed class SharedNotes(ResponseNotes notes) : IAdmissionNotes
    {
        private readonly Lock gate = new();

        public void Warn(string text)
        {
            lock (gate)
            {
                notes.Warn(text);
            }
        }

        public void Waited(bool isMutating, TimeSpan took) => notes.Waited(isMutating, took);

        public void Annotate(string key, string value)
        {
            lock (gate)
            {
                notes.Annotate(key, value);
            }
        }

        public void AnnotateContent(string key, Func<string> value)
        {
            lock (gate)
            {
                notes.AnnotateContent(key, value);
            }
        }
    }
}
